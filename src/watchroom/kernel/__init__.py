"""The ground everything stands on: clock, errors, settings, signing, secrets, wake. Imports nothing of ours."""
