from .alignment import alignment_figure as alignment_figure
from .canvas import write_figure as write_figure
from .dos import dos_figure as dos_figure
from .dos_of_kinds import kind_figure as kind_figure
from .profile import profile_figure as profile_figure
from .scan import scan_figure as scan_figure
from .structure import structure_figure as structure_figure
from .trap_map import trap_map_figure as trap_map_figure
