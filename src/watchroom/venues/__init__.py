"""Where the people of an incident meet outside: a chat channel and a call, made by rule or by a click, and kept current."""
