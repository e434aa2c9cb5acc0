"""What stands out in a program's memory: each module looks at one thing, ``triage.py`` puts the gravest first."""
