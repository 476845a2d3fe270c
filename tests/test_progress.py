"""Progress of a stage: read while it is written, held against the whole of a real run."""

import shutil
from pathlib import Path

import pytest

from epicarve.dft.output import read_output
from epicarve.dft.run import Follower, Progress
from epicarve.dft.settings import RelaxSettings, Stage

PACKED = Path(__file__).parent / "fixtures" / "cp2k-pb9s6cl6.tar.xz"


@pytest.fixture(scope="module")
def prerelax(tmp_path_factory):
    """Output of a real pre-relaxation."""
    folder = tmp_path_factory.mktemp("packed")
    shutil.unpack_archive(PACKED, folder)
    return folder / "1-prerelax" / "prerelax.out"


def test_follower_reads_what_is_written_in_pieces(prerelax, tmp_path):
    stage = Stage(1, "prerelax", RelaxSettings(max_steps=300), None)
    (tmp_path / stage.folder).mkdir()
    output = tmp_path / stage.output
    output.write_text("left by an earlier run\n")
    follower = Follower(tmp_path, stage)
    assert follower.look() == ""
    output.unlink()
    text = prerelax.read_text()
    told = []
    for begin in range(0, len(text), 5000):
        with output.open("a") as stream:
            stream.write(text[begin : begin + 5000])
        told.append(follower.look())
    whole = read_output(prerelax)
    assert follower.told("complete") == (
        f"complete, step {whole.n_geometry_steps}, energy {whole.energy_hartree:.6f} hartree"
    )
    assert any("SCF " in line for line in told)
    assert any("about" in line and line.endswith("left") for line in told)
    follower.close()


def test_time_left_is_the_trend_of_the_forces_and_the_time_of_a_step():
    progress = Progress(max_steps=100)
    for step in range(1, 9):
        progress.feed(
            [
                f" OPTIMIZATION STEP:  {step:5d}",
                " Used time                  =                2.000",
                f" Max. gradient              =         {0.1 * 0.5**step:.10f}",
                " Conv. limit for gradients  =         0.0000976563",
            ]
        )
    # 0.1 / 2^n reaches 0.1 / 2^10 two steps after the eighth, of two seconds each.
    assert progress.seconds_left == pytest.approx(4.0, abs=1e-3)
    assert progress.most_seconds_left == pytest.approx(184.0)


def test_no_trend_gives_only_a_bound():
    progress = Progress(max_steps=5)
    for force in (0.01, 0.02, 0.03):
        progress.feed(
            [
                " Used time                  =                1.000",
                f" Max. gradient              =         {force:.10f}",
                " Conv. limit for gradients  =         0.0004500000",
            ]
        )
    assert progress.seconds_left is None
    assert progress.most_seconds_left == pytest.approx(5.0)
