// The page of text messages: one self-contained document in the look of the inbox page. All text goes in through textContent.

export const SMS_PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Billetter texts</title>
<style>
  :root { color-scheme: light dark; --bg: #f6f7f9; --card: #fff; --line: #e3e6ea; --text: #1c2430; --dim: #667085; --accent: #4f46e5; --soft: #eef0ff; }
  @media (prefers-color-scheme: dark) { :root { --bg: #12151b; --card: #1a1f28; --line: #2b323e; --text: #e6e9ef; --dim: #95a0b3; --accent: #9aa2ff; --soft: #252a45; } }
  * { box-sizing: border-box; }
  body { margin: 0; font: 14px/1.5 system-ui, sans-serif; background: var(--bg); color: var(--text); }
  header { display: flex; gap: 12px; align-items: center; padding: 10px 16px; background: var(--card); border-bottom: 1px solid var(--line); position: sticky; top: 0; }
  h1 { font-size: 16px; margin: 0 auto 0 0; } h1 small, .dim { color: var(--dim); font-weight: normal; font-size: 12px; } h1 small { margin-left: 8px; }
  a { color: var(--accent); } input, button { font: inherit; padding: 5px 10px; border: 1px solid var(--line); border-radius: 6px; background: var(--bg); color: inherit; }
  button { cursor: pointer; } input { min-width: 80px; }
  ul { list-style: none; margin: 0 auto; padding: 16px; max-width: 640px; }
  li { margin-bottom: 14px; } li p { margin: 2px 0 0; padding: 10px 14px; background: var(--soft); border-radius: 4px 14px 14px 14px; overflow-wrap: anywhere; white-space: pre-wrap; }
  .empty { text-align: center; color: var(--dim); margin-top: 20vh; }
</style>
<header><h1>Billetter texts <small id="count"></small></h1><a href="/">Mail</a>
  <input id="filter" type="search" placeholder="Filter: number or words" aria-label="Filter"><button id="clear">Delete all</button></header>
<ul id="list" aria-live="polite"></ul>
<script>
  const $ = (id) => document.getElementById(id);
  const make = (tag, text, props) => Object.assign(document.createElement(tag), { textContent: text ?? '' }, props);
  let texts = [], last;
  function bubble(t) {
    const p = make('p');
    for (const part of t.body.split(/(https?:\\/\\/\\S+)/)) p.append(/^https?:/.test(part) ? make('a', part, { href: part, target: '_blank', rel: 'noopener' }) : part);
    const li = make('li');
    li.append(make('span', 'to ' + t.to + '  \\u00b7  ' + new Date(t.date).toLocaleString(), { className: 'dim' }), p);
    return li;
  }
  function draw() {
    const word = $('filter').value.trim().toLowerCase();
    const rows = texts.filter((t) => !word || (t.to + ' ' + t.body).toLowerCase().includes(word)).map(bubble);
    if (!rows.length) rows.push(make('li', texts.length ? 'No text fits the filter.' : 'No texts yet. What the system sends by SMS lands here; nothing leaves this machine.', { className: 'empty' }));
    $('list').replaceChildren(...rows);
    $('count').textContent = texts.length === 1 ? '1 text' : texts.length + ' texts';
  }
  async function refresh() {
    try {
      const answer = await (await fetch('/api/sms')).text();
      if (answer === last) return;
      last = answer; texts = JSON.parse(answer); draw();
    } catch { $('count').textContent = 'the outbox does not answer'; last = undefined; }
  }
  $('filter').oninput = draw;
  $('clear').onclick = async () => { await fetch('/api/sms', { method: 'DELETE' }); refresh(); };
  refresh();
  setInterval(() => document.hidden || refresh(), 2000);
</script>
</html>
`;
