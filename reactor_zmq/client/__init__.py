"""Python clients, sync and asyncio."""
