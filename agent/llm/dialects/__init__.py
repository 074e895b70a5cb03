"""What a server takes of the OpenAI protocol: shapes of prompts, tools, streams."""
