//! The page in a browser: desktop and phone width, light and dark, and with the keyboard alone.

use crate::summary;
use std::{fs, time::Duration};

use crate::browser::Browser;
use tt_cli::report::{
    html::{document, live_page::LivePage},
    summary::Summary,
};

/// Widths in pixels: a desktop, a tablet, a phone, and the smallest phone.
const WIDTHS: [u32; 4] = [1280, 768, 390, 320];

/// Elements that are wider than the page, or that scroll sideways.
const TOO_WIDE: &str = "
    [...document.querySelectorAll('body *')].filter((one) => {
        const box = one.getBoundingClientRect();
        const isHidden = one.closest('.skip, .hidden') || box.width === 0;
        const scrolls = ['auto', 'scroll'].includes(getComputedStyle(one).overflowX) && one.scrollWidth > one.clientWidth;
        return !isHidden && (box.right > innerWidth + 0.5 || box.left < -0.5 || scrolls);
    }).map((one) => `${one.tagName}.${one.getAttribute('class')} ${one.textContent.slice(0, 30)}`)";

/// Texts whose contrast with the ground is below that of WCAG 2.2, level AA.
const TOO_FAINT: &str = "
    (() => {
        const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
        const light = (color) => {
            const [r, g, b] = numbers(color).map((part) => {
                const share = part / 255;
                return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
            });
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const ground = (one) => {
            for (let at = one; at; at = at.parentElement) {
                const color = getComputedStyle(at).backgroundColor;
                if (numbers(color)[3] !== 0) return color;
            }
            return 'rgb(255, 255, 255)';
        };
        const hasText = (one) => [...one.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
        return [...document.querySelectorAll('body *:not(script):not(style):not(title)')].filter(hasText).filter((one) => {
            const style = getComputedStyle(one);
            const color = one instanceof SVGElement ? style.fill : style.color;
            const [high, low] = [light(color), light(ground(one))].sort((a, b) => b - a);
            const isLarge = parseFloat(style.fontSize) >= 24;
            return (high + 0.05) / (low + 0.05) < (isLarge ? 3 : 4.5);
        }).map((one) => `${one.tagName}.${one.getAttribute('class')} ${one.textContent.slice(0, 30)}`);
    })()";

/// What has the focus, and whether it is visible with an outline.
const FOCUSED: &str = "
    (() => {
        const one = document.activeElement;
        const box = one.getBoundingClientRect();
        const isVisible = box.width > 0 && box.left >= 0 && box.right <= innerWidth;
        return [one.tagName, isVisible && getComputedStyle(one).outlineStyle !== 'none'];
    })()";

fn file(directory: &tempfile::TempDir, summary: &Summary) -> String {
    let path = directory.path().join("report.html");
    fs::write(&path, document::file(summary)).unwrap();
    format!("file://{}", path.display())
}

#[test]
fn page_fits_every_width_and_is_readable_in_light_and_dark() {
    let directory = tempfile::tempdir().unwrap();
    let mut browser = Browser::start();
    for (name, summary) in summary::all() {
        let url = file(&directory, &summary);
        let mut grounds = Vec::new();
        for scheme in ["light", "dark"] {
            browser.prefer(scheme);
            for width in WIDTHS {
                browser.resize(width, 800);
                browser.open(&url);
                // Opened tables have to fit as well.
                browser.evaluate(
                    "document.querySelectorAll('details').forEach((one) => { one.open = true; })",
                );
                let place = format!("{name}, {scheme}, {width} pixels");
                let scroll = browser.evaluate("document.documentElement.scrollWidth");
                assert_eq!(scroll.as_u64(), Some(width.into()), "{place}");
                let empty = serde_json::json!([]);
                assert_eq!(browser.evaluate(TOO_WIDE), empty, "too wide: {place}");
                assert_eq!(browser.evaluate(TOO_FAINT), empty, "too faint: {place}");
            }
            grounds.push(browser.evaluate("getComputedStyle(document.body).backgroundColor"));
        }
        assert_ne!(grounds[0], grounds[1], "{name}: light and dark");
    }
}

#[test]
fn every_table_and_link_is_reached_and_opened_with_the_keyboard() {
    let directory = tempfile::tempdir().unwrap();
    let mut browser = Browser::start();
    browser.resize(1280, 800);
    browser.open(&file(&directory, &summary::in_an_account()));
    let count = |browser: &mut Browser, selector: &str| {
        let number = browser.evaluate(&format!("document.querySelectorAll('{selector}').length"));
        usize::try_from(number.as_u64().unwrap()).unwrap()
    };
    let (tables, links) = (
        count(&mut browser, "summary"),
        count(&mut browser, "main a"),
    );
    assert_eq!(
        (tables, links),
        (5, 2),
        "values of each metric, and stored objects"
    );

    browser.press("Tab");
    assert_eq!(
        browser.evaluate(FOCUSED),
        serde_json::json!(["A", true]),
        "the skip link"
    );
    browser.press("Enter");
    assert_eq!(browser.evaluate("location.hash"), "#sums");

    browser.evaluate("location.hash = ''; document.activeElement.blur(); scrollTo(0, 0)");
    browser.open(&format!(
        "{}?again",
        file(&directory, &summary::in_an_account())
    ));
    let mut visited = Vec::new();
    for _ in 0..=tables + links {
        browser.press("Tab");
        let focused = browser.evaluate(FOCUSED);
        assert_eq!(
            focused[1], true,
            "the focus is visible: {visited:?} {focused}"
        );
        if focused[0] == "SUMMARY" {
            browser.press("Enter");
            let is_open = browser.evaluate("document.activeElement.parentElement.open");
            assert_eq!(is_open, true, "{visited:?}");
        }
        visited.push(focused[0].as_str().unwrap().to_owned());
    }
    let expected = [vec!["A"], vec!["SUMMARY"; tables], vec!["A"; links]].concat();
    assert_eq!(visited, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn live_page_keeps_the_focus_and_opened_tables_when_the_numbers_change() {
    let page = LivePage::serve(0).await.unwrap();
    page.update(summary::of_the_demo());
    let url = page.url();
    let (opened, waiting) = std::sync::mpsc::channel();
    let session = tokio::task::spawn_blocking(move || {
        let mut browser = Browser::start();
        browser.resize(390, 800);
        browser.open(&url);
        browser.wait_for("document.getElementById('state').textContent.startsWith('Live')");
        browser.press("Tab");
        browser.press("Tab");
        browser.press("Enter");
        assert_eq!(
            browser.evaluate("document.querySelectorAll('details[open]').length"),
            1
        );
        opened.send(()).unwrap();
        browser
            .wait_for("document.querySelector('h1').textContent.startsWith('1,234,568 records')");
        assert_eq!(
            browser.evaluate("document.querySelectorAll('details[open]').length"),
            1
        );
        assert_eq!(
            browser.evaluate("document.activeElement.tagName"),
            "SUMMARY"
        );
        assert_eq!(
            browser.evaluate("document.activeElement.parentElement.open"),
            true
        );
        let title = browser.evaluate("document.title");
        assert!(
            title.as_str().unwrap().starts_with("1,234,568 records"),
            "{title}"
        );
    });
    tokio::task::block_in_place(|| waiting.recv_timeout(Duration::from_mins(1))).unwrap();
    let mut summary = summary::of_the_demo();
    summary.series[0].points[0].1 += 1.0;
    page.update(summary);
    session.await.unwrap();
}
