"""The cleaning of the Materials Project, tables 4 and 5 of the ECN paper."""
