"""What a heap was at one moment, kept in a file, and how two moments of one process differ.

moment.py       which program and process, and how far its collector was
heapdump.py     everything: objects, types, allocation samples, contexts
dumpfile.py     the same in a file, of which nothing is believed
growth.py       from one moment to another by type
growthsites.py  … by allocation site
growthgroups.py … by contexts that are alike
lifetimes.py    over several moments: what was there in all of them
"""
