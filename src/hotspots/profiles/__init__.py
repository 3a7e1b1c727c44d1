"""What each Local Policing Team's year was like, for the force and, protected, for the public."""

from .publish import Published, publish_trends

__all__ = ["Published", "publish_trends"]
