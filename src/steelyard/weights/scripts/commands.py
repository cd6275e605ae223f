"""Shell commands that nobody should run unread: fetched code, shells to elsewhere, deletion."""

import re

HOSTILE = re.compile(
    r"\b(?:curl|wget|fetch|iwr|irm|invoke-webrequest|invoke-restmethod)\b[^\n]{0,400}?\|\s*"
    r"(?:sudo\s+)?(?:env\s+)?(?:\S*/)?(?:ba|z|k|da)?(?:sh|iex|python[\d.]*|perl|ruby|node)\b"
    r"|\b(?:ba|z|da)?sh\b[^\n|]{0,40}(?:<\(|-c\s+[\"']?\$\()\s*(?:curl|wget)\b"
    r"|\b(?:eval|source|\.)\s+[\"']?(?:\$\(|<\(|`)\s*(?:curl|wget)\b"
    r"|\bbase64\s+(?:-d|-D|--decode)\b[^\n]{0,200}?\|\s*(?:sudo\s+)?(?:\S*/)?(?:ba|z|da)?(?:sh|python\d?)\b"
    r"|/dev/(?:tcp|udp)/|\bn(?:c|cat|etcat)\b[^\n|]{0,100}\s-\w*[ec]\b|\bmkfifo\b[^\n]{0,200}\bnc\b"
    r"|\bpowershell\b[^\n]{0,100}\s-e(?:nc\w*|c)?\s|\biex\s*\(|\bdownloadstring\s*\("
    r"|\brm\s+-(?:rf|fr)\w*\s+(?:--no-preserve-root\s+)?[\"']?(?:/|~|\$HOME)[\"']?(?:\s|\*|;|$)"
    r"|\bcrontab\s+-(?!l)|>>?\s*~?/?\S*(?:authorized_keys|\.bashrc|\.profile|/etc/cron)",
    re.IGNORECASE,
)
"""A command that runs what it fetched or decoded, opens a shell to another machine, deletes a
home or root folder, or makes itself stay."""
