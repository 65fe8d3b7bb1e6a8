"""What a laid out page looks like."""

from __future__ import annotations

from typing import Any


def overflowing(page: str) -> list[str]:
    """Texts of a page that reach beyond the right or lower edge of their page's content."""
    from weasyprint import HTML
    from weasyprint.formatting_structure.boxes import TextBox

    found = []
    for sheet in HTML(string=page).render().pages:
        box: Any = sheet._page_box
        right = box.content_box_x() + box.width + 0.5
        bottom = box.position_y + box.margin_height()
        for child in box.descendants():
            if isinstance(child, TextBox) and child.text.strip():
                in_margin = child.position_y > box.content_box_y() + box.height
                # Spaces at the end of a preformatted line hang over its edge, says CSS Text 3; nobody sees them.
                seen = child.width * len(child.text.rstrip()) / len(child.text)
                if not in_margin and child.position_x + seen > right:
                    found.append(child.text)
                if child.position_y + child.height > bottom:
                    found.append(child.text)
    return found
