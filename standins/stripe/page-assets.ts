// Style and script of the page at `/`.
export const style = `
:root { color-scheme: light dark; --ink: #1a1f36; --soft: #697386; --line: #e3e8ee; --ground: #f6f8fa; --card: #fff; --accent: #635bff; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8f0; --soft: #98a1b5; --line: #2b3348; --ground: #10141f; --card: #171d2b; --accent: #8f88ff; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 14px/1.5 system-ui, sans-serif; }
header { padding: 24px 32px 8px; }
h1 { margin: 0; font-size: 22px; letter-spacing: -0.01em; }
h2 { margin: 0 0 10px; font-size: 15px; }
header p { margin: 2px 0 0; color: var(--soft); }
main { display: grid; grid-template-columns: minmax(0, 1fr) 320px; gap: 20px; padding: 16px 32px 40px; align-items: start; }
@media (max-width: 1000px) { main { grid-template-columns: minmax(0, 1fr); padding: 16px; } }
.lists > h2 { margin-top: 22px; } .lists > h2:first-child { margin-top: 0; }
.scroll, form, aside section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; overflow-x: auto; }
form, aside section { padding: 16px; margin-bottom: 20px; }
.none { color: var(--soft); margin: 0; }
table { width: 100%; border-collapse: collapse; }
th, td { text-align: left; padding: 8px 12px; border-top: 1px solid var(--line); white-space: nowrap; }
thead th { border-top: 0; color: var(--soft); font-weight: 500; font-size: 12px; }
.cards td { padding: 4px 8px 4px 0; border: 0; }
code { font: 12px ui-monospace, monospace; }
.amount { font-variant-numeric: tabular-nums; font-weight: 600; }
.count { color: var(--soft); font-weight: 400; }
.pill { padding: 2px 8px; border-radius: 99px; font-size: 12px; background: color-mix(in srgb, var(--soft) 18%, transparent); }
.pill.succeeded, .pill.delivered { background: color-mix(in srgb, #1ea672 22%, transparent); }
.pill.processing, .pill.pending, .pill.held { background: color-mix(in srgb, #d97917 24%, transparent); }
.pill.failed, .pill.dropped { background: color-mix(in srgb, #df1b41 22%, transparent); }
td small { margin-left: 6px; color: var(--soft); }
label { display: flex; justify-content: space-between; align-items: center; gap: 12px; padding: 5px 0; }
label.on span { color: var(--accent); font-weight: 600; }
input, select { font: inherit; color: inherit; background: var(--ground); border: 1px solid var(--line); border-radius: 6px; padding: 4px 8px; }
input[type=number] { width: 84px; } input[type=text] { width: 130px; }
button { font: inherit; font-weight: 600; color: #fff; background: var(--accent); border: 0; border-radius: 6px; padding: 6px 14px; cursor: pointer; }
button.quiet, button.small { color: var(--ink); background: none; border: 1px solid var(--line); font-weight: 500; }
button.small { padding: 1px 8px; font-size: 12px; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.actions { display: flex; gap: 8px; margin-top: 10px; } #said { margin: 8px 0 0; color: var(--soft); min-height: 1.5em; }
`;

/** The lists renew themselves; the form does not, so that nobody's typing is swept away. */
export const script = `
const said = document.getElementById('said');
const form = document.getElementById('faults');
async function send(path, body) {
  const answer = await fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  const got = await answer.json();
  said.textContent = answer.ok ? 'Done.' : (got.error && got.error.message) || got.error;
  await renew();
  return answer.ok;
}
async function renew() {
  const page = new DOMParser().parseFromString(await (await fetch('/')).text(), 'text/html');
  document.getElementById('lists').innerHTML = page.getElementById('lists').innerHTML;
}
document.addEventListener('click', async (click) => {
  const button = click.target.closest('button[data-path]');
  if (!button) return;
  const done = await send(button.dataset.path, JSON.parse(button.dataset.body));
  if (done && 'reload' in button.dataset) location.reload();
});
form.addEventListener('submit', (submit) => {
  submit.preventDefault();
  const wish = {};
  for (const field of form.querySelectorAll('[name]')) {
    wish[field.name] = field.type === 'checkbox' ? field.checked : field.type === 'number' ? Number(field.value) : field.value;
  }
  send('/_standin/faults', wish);
});
setInterval(() => { if (!document.hidden) renew().catch(() => { said.textContent = 'The stand-in does not answer.'; }); }, 3000);
`;
