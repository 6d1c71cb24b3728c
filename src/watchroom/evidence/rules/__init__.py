"""Pure decisions about evidence: expressions, units, charts, waterfalls."""
