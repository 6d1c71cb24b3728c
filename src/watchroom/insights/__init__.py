"""What can be learnt from many alerts, pages and incidents: which alerts to mend, and who carries how much."""
