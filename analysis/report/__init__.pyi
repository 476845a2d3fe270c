from .page import MOST_STATES as MOST_STATES
from .page import report_html as report_html
from .page_data import PALETTE as PALETTE
from .page_data import payload as payload
from .runs import RunPage as RunPage
from .runs import runs_html as runs_html
