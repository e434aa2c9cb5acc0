"""Why is this Go memory still alive? Answers inside the debugger, or on a core without one."""

__version__ = "0.1.0"
