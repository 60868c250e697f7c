"""Where frames live: rings of slots in shared memory, and the arrays that go in and come out."""
