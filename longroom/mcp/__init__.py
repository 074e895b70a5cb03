"""The MCP server: some conversations as tools of an MCP host."""
