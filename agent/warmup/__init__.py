"""Optional: makes rooms start faster and weigh less. AGENT_WARM_UP=false leaves all of it out."""
