"""When and where flows run: schedules, concurrency, the one-command installation."""
