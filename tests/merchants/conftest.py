from tests.portal.test_walls import ids

__all__ = ["ids"]
