"""Ground floor: process settings, the secret box, logging with redaction. Imports no other room."""
