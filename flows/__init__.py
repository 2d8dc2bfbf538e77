"""What happens in which order: thin Prefect flows, one file each."""
