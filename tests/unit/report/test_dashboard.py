"""The dashboard in a real browser: it decides as the exact rule does, by mouse and by keyboard, and trusts no text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import browser
from hostile import HOSTILE, hostile_inputs
from hypothesis import given
from hypothesis import strategies as st
from invented_results import full_inputs

from specc.guide.candidates import candidates, ranked
from specc.guide.tree import INFEASIBLE, rule
from specc.report.dashboard import content, embedded_json, render
from specc.report.material import Material

MOST_BYTES = 5 * 1024 * 1024


def page_of(material: Material) -> str:
    return render(content(material))


@pytest.fixture(scope="module")
def material() -> Material:
    return Material(full_inputs())


@pytest.fixture(scope="module")
def driver(material: Material, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("dashboard")
    path = folder / "dashboard.html"
    path.write_text(page_of(material), encoding="utf-8")
    with browser(folder / "profile") as driver:
        driver.get(path.as_uri())
        yield driver


@pytest.fixture
def page(driver: Any) -> Any:
    """The page as it was loaded."""
    driver.get_log("performance")  # empties it
    driver.refresh()
    return driver


def set_slider(page: Any, dimension: str, position: int) -> None:
    page.execute_script(
        "const s = document.getElementById('slider-' + arguments[0]); s.value = arguments[1];"
        "s.dispatchEvent(new Event('input', {bubbles: true}));",
        dimension,
        position,
    )


def texts(page: Any, selector: str) -> list[str]:
    found: list[str] = page.execute_script(
        "return [...document.querySelectorAll(arguments[0])].map((one) => one.textContent)", selector
    )
    return found


def test_it_is_small_and_asks_for_nothing(material: Material) -> None:
    page = page_of(material)
    assert len(page.encode()) <= MOST_BYTES
    assert not re.search(r'(?:src|href)="(?!#)', page)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy and "default-src 'none'" in policy[1] and "unsafe" not in policy[1]


def test_equal_inputs_give_equal_bytes(material: Material) -> None:
    assert page_of(material) == page_of(Material(full_inputs()))


@given(st.recursive(st.text() | st.floats(allow_nan=False, allow_infinity=False), st.lists))
def test_embedded_json_says_the_same_and_cannot_end_its_element(value: Any) -> None:
    text = embedded_json({"value": value, "end": "</script><!--"})
    assert json.loads(text)["value"] == value
    assert not set(text) & set("<>&\u2028\u2029")


def test_it_loads_without_errors_and_without_a_request(page: Any) -> None:
    assert page.get_log("browser") == []
    messages = [json.loads(entry["message"])["message"] for entry in page.get_log("performance")]
    urls = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    assert {url.partition(":")[0] for url in urls} <= {"file", "data"}
    assert "Choose Invented Test Board A." in texts(page, ".headline")[0]


def test_it_decides_as_the_exact_rule_does(page: Any, material: Material) -> None:
    inputs = material.inputs
    ranking = ranked(candidates(inputs.spec, inputs.measurements), material.choice.preference)
    answers = set()
    for latency, energy in [(200, 200), (140, 200), (120, 200), (200, 90), (150, 130), (100, 100), (60, 200), (5, 5)]:
        set_slider(page, "latency", latency)
        set_slider(page, "energy", energy)
        limits = page.execute_script("return state.limits")
        expected = rule(ranking, limits)
        (said,) = texts(page, "#answer")
        answers.add(expected)
        if expected == INFEASIBLE:
            assert said.startswith("0 of 5 candidates") and "preference" not in said
        else:
            assert said.endswith(f": {expected}.")
    assert len(answers) >= 2


def test_budgets_go_back_to_the_spec(page: Any) -> None:
    before = texts(page, "#sliders output")
    set_slider(page, "latency", 0)
    assert texts(page, "#sliders output") != before
    page.find_element("id", "reset").click()
    assert texts(page, "#sliders output") == before
    page.find_element("id", "free").click()
    assert set(texts(page, "#sliders output")) == {"no limit"}
    assert "5 of 5" in texts(page, "#answer")[0] or "certain" in texts(page, "#answer")[0]


def test_filter_and_sort(page: Any) -> None:
    page.find_element("id", "search").send_keys("board_")
    assert sorted(texts(page, "#table tbody th button")) == ["board_a", "board_b", "board_c", "board_d"]
    button = page.find_element("css selector", "[data-column=latency] button")
    button.click()
    rising = texts(page, "#table tbody th button")
    head = page.find_element("css selector", "[data-column=latency]")
    assert head.get_attribute("aria-sort") == "ascending"
    assert rising[0] == "board_d" and rising[-1] == "board_c", "170 MHz is the fastest, 64 MHz the slowest"
    button.click()
    assert texts(page, "#table tbody th button") == rising[::-1]
    page.find_element("id", "only").click()
    assert texts(page, "#table tbody th button") == ["board_a"]
    page.execute_script("document.getElementById('search').value = ''; showTargets()")
    page.find_element("id", "only").click()
    page.execute_script(
        "const e = document.getElementById('evidence'); e.value = 'measured'; e.dispatchEvent(new Event('input'))"
    )
    assert texts(page, "#table tbody th button") == ["host"]


def test_everything_works_by_keyboard(page: Any) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    for _ in range(60):  # to the candidate by the tabulator alone
        page.switch_to.active_element.send_keys(Keys.TAB)
        if page.switch_to.active_element.get_attribute("data-target") == "board_b":
            break
    page.switch_to.active_element.send_keys(Keys.ENTER)
    assert texts(page, "#detail-title") == ["board_b"]
    assert page.switch_to.active_element.get_attribute("data-target") == "board_b", "the focus stays"
    page.find_element(By.CSS_SELECTOR, "#bars .layer[tabindex='0']").send_keys(Keys.ARROW_DOWN)
    layer = page.switch_to.active_element
    assert layer.get_attribute("data-layer") == "dw1"
    assert page.find_element(By.ID, "tip").is_displayed()
    layer.send_keys(Keys.ENTER)
    assert texts(page, "#counters-title") == ["Counters of dw1 on board_b"]
    assert layer.get_attribute("aria-pressed") == "true"
    layer.send_keys(Keys.ESCAPE)
    assert not page.find_element(By.ID, "tip").is_displayed()
    layer.send_keys(Keys.ENTER)
    assert texts(page, "#counters-title") == ["Counters of an inference on board_b"]


def test_figures_and_counters_point_at_each_other(page: Any, material: Material) -> None:
    from selenium.webdriver import ActionChains

    piece = page.find_element("css selector", "[data-layer=pw1] [data-cause=loads]")
    page.execute_script("arguments[0].scrollIntoView({block: 'center'})", piece)
    ActionChains(page).move_to_element(piece).perform()
    (tip,) = texts(page, "#tip")
    layer = next(one for one in material.inputs.measurements["board_a"].layers if one.name == "pw1")
    assert f"{layer.counters['load_cycles'].value:,.0f} cycles" in tip
    assert texts(page, "#counters tr.hot th") == ["load cycles"]
    row = page.find_element("css selector", "#counters tr[data-counter='store cycles']")
    page.execute_script("arguments[0].scrollIntoView({block: 'center'})", row)
    ActionChains(page).move_to_element(row).perform()
    assert set(
        page.execute_script("return [...document.querySelectorAll('#bars .hot')].map((p) => p.dataset.cause)")
    ) == {"stores"}


def test_the_bars_of_a_layer_add_up_to_it(page: Any) -> None:
    widths = page.execute_script(
        "return [...document.querySelectorAll('#bars .layer')].map((g) =>"
        "[...g.querySelectorAll('[data-cause]')].reduce((sum, r) => sum + Number(r.getAttribute('width')), 0))"
    )
    times = page.execute_script("return data.targets[0].layers.map((layer) => layer.seconds)")
    for width, seconds in zip(widths, times, strict=True):
        assert width / max(widths) == pytest.approx(seconds / max(times), rel=1e-6)


@pytest.mark.parametrize("width", [1280, 390])
def test_it_fits_the_window(page: Any, width: int) -> None:
    metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    page.refresh()
    assert page.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")


def test_every_control_has_a_name(page: Any) -> None:
    nameless = page.execute_script(
        "return [...document.querySelectorAll('button, input, select, [role=button]')].filter((one) => "
        "!(one.textContent.trim() || one.labels?.length || one.getAttribute('aria-label'))).map((one) => one.outerHTML)"
    )
    assert nameless == []


def test_hostile_text_is_shown_and_does_nothing(tmp_path: Path) -> None:
    text = " ".join(HOSTILE.values())
    path = tmp_path / "hostile.html"
    path.write_text(page_of(Material(hostile_inputs(text))), encoding="utf-8")
    with browser(tmp_path / "profile") as driver:
        driver.get(path.as_uri())
        assert driver.execute_script("return window.hacked") is None
        assert driver.execute_script("return document.scripts.length") == 2
        assert driver.execute_script("return document.images.length") == 0
        assert driver.get_log("browser") == []
        assert "<script>alert(1)</script>" in driver.find_element("tag name", "h1").text
        assert int(driver.execute_script("return document.documentElement.dataset.ready")) > 0
