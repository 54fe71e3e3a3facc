// A click-through of the review page: what is accepted there is what `--selection` makes. Arguments: the
// program, and how many modules the project has. Needs Debian's chromium, or CHROMIUM.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const here = dirname(fileURLToPath(import.meta.url));
const unpark = resolve(process.argv[2] ?? join(here, "../../target/debug/unpark"));
const modules = Number(process.argv[3] ?? 24);
const axe = createRequire(import.meta.url).resolve("axe-core");

// Each module lets go of a task's error; two of the last one wait for the same future.
const TASK = `async fn flush() -> Result<(), std::io::Error> {
    std::future::ready(Ok(())).await
}

pub fn start() {
    tokio::spawn(flush());
}
`;
const CHAIN = `use tokio::runtime::Handle;

async fn number() -> u32 {
    std::future::ready(1).await
}

fn load() -> u32 {
    Handle::current().block_on(number())
}

fn warm() -> u32 {
    load() + 1
}

pub async fn serve() -> u32 {
    warm()
}
`;

function project(folder) {
  const tokio = resolve(here, "../stage/standins/tokio");
  const manifest = `[package]\nname = "demo"\nversion = "0.1.0"\nedition = "2024"\n\n[dependencies]\ntokio = { path = ${JSON.stringify(tokio)} }\n\n[workspace]\n`;
  const files = new Map([["Cargo.toml", manifest], ["src/chain.rs", CHAIN]]);
  const names = Array.from({ length: modules }, (_, index) => `m${index}`);
  for (const name of names) files.set(`src/${name}.rs`, TASK);
  files.set("src/lib.rs", ["chain", ...names].map((name) => `pub mod ${name};\n`).join(""));
  mkdirSync(join(folder, "src"));
  for (const [name, text] of files) writeFileSync(join(folder, name), text);
  return files;
}

function run(folder, ...args) {
  return execFileSync(unpark, ["--no-progress", ...args], { cwd: folder, encoding: "utf8", maxBuffer: 1 << 28, stdio: ["ignore", "pipe", "pipe"] });
}

// The files as a run with all changes would leave them.
function results(folder) {
  const lines = run(folder, "--unsafe-fixes", "--message-format", "json").trim().split("\n").map((line) => JSON.parse(line));
  const results = new Map();
  for (const { path, edits } of lines.filter((line) => line.reason === "file")) {
    let bytes = readFileSync(join(folder, path));
    for (const { start, end, replacement } of edits.reverse()) bytes = Buffer.concat([bytes.subarray(0, start), Buffer.from(replacement), bytes.subarray(end)]);
    results.set(path, bytes.toString());
  }
  return results;
}

async function violations(page) {
  await page.addScriptTag({ path: axe }).catch(() => page.evaluate(readFileSync(axe, "utf8")));
  const found = await page.evaluate(() => window.axe.run());
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => node.html).join(" ")}`);
}

const folder = mkdtempSync(join(tmpdir(), "unpark-page-"));
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
try {
  const files = project(folder);
  const all = results(folder);
  assert.equal(all.size, modules + 1);
  const file = join(folder, "review.html");
  run(folder, "--unsafe-fixes", "--report", `html=${file}`);
  const size = statSync(file).size;

  for (const colorScheme of ["light", "dark"]) {
    const page = await browser.newPage({ colorScheme, bypassCSP: true });
    await page.goto(pathToFileURL(file).href);
    assert.deepEqual(await violations(page), [], colorScheme);
    if (process.env.SCREENSHOTS) await page.screenshot({ path: join(process.env.SCREENSHOTS, `page-${colorScheme}.png`) });
    await page.close();
  }

  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  const problems = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  page.on("request", (request) => /^https?:/.test(request.url()) && problems.push(request.url()));
  const started = performance.now();
  await page.goto(pathToFileURL(file).href);
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  const seconds = (performance.now() - started) / 1000;
  const status = () => page.locator("#status").textContent();
  assert.match(await status(), new RegExp(`${modules + 1} of ${modules + 1} changes accepted`));

  // By mouse: only one codemod, and the first of its changes is rejected.
  await page.getByRole("combobox", { name: "Codemod" }).selectOption("unobserved-task");
  assert.equal(await page.locator(".item:not([hidden])").count(), modules);
  const first = page.locator(".item:not([hidden])").first();
  const rejected = [await first.getAttribute("data-path")];
  await first.getByRole("button", { name: "Reject" }).click();
  assert.match(await status(), new RegExp(`${modules} of ${modules + 1} changes accepted`));

  // By keyboard: the next one too, and one more that is taken back.
  await page.keyboard.press("j");
  rejected.push(await page.locator(".item.current").getAttribute("data-path"));
  await page.keyboard.press("r");
  await page.keyboard.press("j");
  await page.keyboard.press("r");
  await page.keyboard.press("u");
  // A word of a filter is no command.
  await page.keyboard.press("/");
  await page.keyboard.type("ra");
  assert.ok((await page.locator(".item:not([hidden])").count()) < modules + 1);
  await page.keyboard.press("Escape");
  assert.equal(await page.locator(".item:not([hidden])").count(), modules);
  assert.match(await status(), new RegExp(`${modules - 1} of ${modules + 1} changes accepted`));
  if (process.env.SCREENSHOTS) await page.screenshot({ path: join(process.env.SCREENSHOTS, "page-rejected.png") });

  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Export the selection" }).click()]);
  const selection = join(folder, "selection.json");
  await download.saveAs(selection);
  assert.deepEqual(problems, []);

  run(folder, "--apply", "--allow-no-vcs", "--selection", selection);
  for (const [name, text] of files) {
    const expected = rejected.includes(name) ? text : (all.get(name) ?? text);
    assert.equal(readFileSync(join(folder, name), "utf8"), expected, name);
  }
  console.log(`${modules + 1} changes, ${(size / 1e6).toFixed(2)} MB, shown after ${seconds.toFixed(2)} s; without ${rejected.join(" and ")}, the tree is what was accepted`);
} finally {
  await browser.close();
  rmSync(folder, { recursive: true });
}
