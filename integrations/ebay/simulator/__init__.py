"""A stand-in for eBay: a process of its own that keeps state, enforces the wire contract and can misbehave.

``python -m integrations.ebay.simulator`` plays api.ebay.com, auth.ebay.com and signin.ebay.com on one port and apiz.ebay.com
on another. Nothing here is used by the integration itself, and nothing of the integration is used here: two readings of the
contract can disagree, one cannot.
"""
