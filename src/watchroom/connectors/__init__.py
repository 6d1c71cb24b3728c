"""What can be asked for evidence: metrics, logs, traces and changes, from the tools that a team already has."""
