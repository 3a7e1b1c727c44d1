"""What each Local Policing Team's year was like, for the force and, protected, for the public."""

from .profile import Profile, lpt_profile
from .publish import Published, publish_trends

__all__ = ["Profile", "Published", "lpt_profile", "publish_trends"]
