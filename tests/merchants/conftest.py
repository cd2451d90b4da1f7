from tests.portal.conftest import visit

__all__ = ["visit"]
