"""The door that peers call: form, authentication and answers; decisions are in services."""
