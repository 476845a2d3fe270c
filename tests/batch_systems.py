"""Stand-ins for PBS and LSF, as Parsl speaks to them: jobs run here, in the background.

The folder in BATCH holds a file a job, which names its process.
"""

SUBMIT = """
number=$(($(ls "$BATCH" | wc -l) + 1))
NAME=$number setsid bash "$script" >"$script.stdout" 2>"$script.stderr" </dev/null &
echo $! >"$BATCH/$number"
"""

ALIVE = """
alive() { kill -0 "$(cat "$BATCH/$1")" 2>/dev/null; }
"""

END = """#!/bin/bash
for job; do kill -KILL -- -"$(cat "$BATCH/${job%.here}")" 2>/dev/null; done
exit 0
"""

PBS = {
    "qsub": f"#!/bin/bash\nscript=${{*: -1}}\n{SUBMIT.replace('NAME', 'PBS_JOBID')}"
    'echo "$number.here"\n',
    "qstat": f"#!/bin/bash\n{ALIVE}"
    """
told=
for word; do
  case $word in *.here) ;; *) continue ;; esac
  state=F
  alive "${word%.here}" && state=R
  told="$told,\\"$word\\": {\\"job_state\\": \\"$state\\"}"
done
echo "{\\"Jobs\\": {${told#,}}}"
""",
    "qdel": END,
}

LSF = {
    "bsub": f"#!/bin/bash\nscript=$1\n{SUBMIT.replace('NAME', 'LSB_JOBID')}"
    'echo "Job <$number> is submitted to default queue <normal>."\n',
    "bjobs": f"#!/bin/bash\n{ALIVE}"
    """
shift 3
for job; do
  if alive "$job"; then echo "$job RUN"; else echo "$job DONE"; fi
done
""",
    "bkill": END,
}


def install(programs, folder, environment):
    """Put programs on the PATH of an environment; a fixture of pytest changes it."""
    for name in ("bin", "batch"):
        (folder / name).mkdir()
    for name, text in programs.items():
        path = folder / "bin" / name
        path.write_text(text)
        path.chmod(0o755)
    environment.setenv("BATCH", str(folder / "batch"))
    environment.setenv("PATH", str(folder / "bin"), prepend=":")
