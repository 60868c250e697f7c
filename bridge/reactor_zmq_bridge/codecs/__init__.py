"""From a frame to the payload of a record, and back; used on threads, one call at a time each."""
