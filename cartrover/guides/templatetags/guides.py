from django import template

from cartrover.guides.links import guide_url

register = template.Library()
# {% guide_url integration.slug %}, {% guide_url integration.slug field.step as address %}
register.simple_tag(guide_url)
