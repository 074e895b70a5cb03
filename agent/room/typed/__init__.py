"""What people type, and their wish that an answer stop."""
