"""What another tool for on-call holds, translated into a configuration file of ours, with a note on each thing that could
not be, and with a proof: whom their schedules have on call, beside whom ours would."""
