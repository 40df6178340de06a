// The inbox page: one self-contained document, no build step. All text from mail goes in through textContent, html only into a sandboxed frame.

export const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Billetter mail</title>
<style>
  :root { color-scheme: light dark; --bg: #f6f7f9; --card: #fff; --line: #e3e6ea; --text: #1c2430; --dim: #667085; --accent: #4f46e5; --soft: #eef0ff; }
  @media (prefers-color-scheme: dark) { :root { --bg: #12151b; --card: #1a1f28; --line: #2b323e; --text: #e6e9ef; --dim: #95a0b3; --accent: #9aa2ff; --soft: #252a45; } }
  * { box-sizing: border-box; }
  body { margin: 0; height: 100vh; display: flex; flex-direction: column; font: 14px/1.5 system-ui, sans-serif; background: var(--bg); color: var(--text); }
  header { display: flex; gap: 12px; align-items: center; padding: 10px 16px; background: var(--card); border-bottom: 1px solid var(--line); }
  h1 { font-size: 16px; margin: 0 auto 0 0; } h1 small { color: var(--dim); font-weight: normal; margin-left: 8px; }
  input, button { font: inherit; padding: 5px 10px; border: 1px solid var(--line); border-radius: 6px; background: var(--bg); color: inherit; }
  input { width: 260px; min-width: 80px; } button { cursor: pointer; } button:hover { border-color: var(--accent); }
  main { flex: 1; display: flex; min-height: 0; }
  #list { width: 360px; overflow: auto; border-right: 1px solid var(--line); background: var(--card); margin: 0; padding: 0; list-style: none; flex: none; }
  #list li { padding: 10px 16px; border-bottom: 1px solid var(--line); cursor: pointer; border-left: 3px solid transparent; }
  #list li:hover, #list li:focus { background: var(--bg); outline: none; } #list li[aria-selected=true] { background: var(--soft); border-left-color: var(--accent); }
  #list b, #list span { display: block; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .row { display: flex; gap: 8px; } .row > :first-child { flex: 1; min-width: 0; } .dim { color: var(--dim); font-size: 12px; }
  #view { flex: 1; display: flex; flex-direction: column; min-width: 0; padding: 20px; gap: 12px; overflow: auto; }
  #view h2 { margin: 0; font-size: 20px; overflow-wrap: anywhere; }
  #files { display: flex; flex-wrap: wrap; gap: 8px; } #files a { padding: 5px 12px; border-radius: 16px; background: var(--soft); color: var(--accent); text-decoration: none; }
  .tabs { display: flex; gap: 6px; } .tabs button[aria-pressed=true] { border-color: var(--accent); color: var(--accent); }
  iframe { flex: 1; min-height: 420px; width: 100%; border: 1px solid var(--line); border-radius: 8px; background: #fff; }
  pre { margin: 0; padding: 16px; white-space: pre-wrap; overflow-wrap: anywhere; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
  .empty { margin: auto; color: var(--dim); text-align: center; }
  @media (max-width: 720px) { main { flex-direction: column; } #list { width: auto; max-height: 40vh; border-right: 0; } }
</style>
<header>
  <h1>Billetter mail <small id="count"></small></h1>
  <input id="filter" type="search" placeholder="Filter: address or subject" aria-label="Filter">
  <button id="clear">Delete all</button>
  <a href="/sms" style="color:var(--accent)">Texts</a>
</header>
<main><ul id="list" role="listbox" aria-label="Messages"></ul><section id="view" aria-live="polite"></section></main>
<script>
  const $ = (id) => document.getElementById(id);
  const make = (tag, text, props) => Object.assign(document.createElement(tag), { textContent: text ?? '' }, props);
  const size = (n) => n < 1024 ? n + ' B' : n < 1048576 ? (n / 1024).toFixed(0) + ' kB' : (n / 1048576).toFixed(1) + ' MB';
  let messages = [], chosen = location.hash.slice(1), shown, last;
  $('filter').value = new URLSearchParams(location.search).get('to') || '';

  function visible() {
    const word = $('filter').value.trim().toLowerCase();
    return messages.filter((m) => !word || (m.to.join(' ') + ' ' + m.from + ' ' + m.subject).toLowerCase().includes(word));
  }
  function drawList() {
    const rows = visible().map((m) => {
      const li = make('li', '', { tabIndex: 0, onclick: () => choose(m.id), onkeydown: (e) => { if (e.key === 'Enter') choose(m.id); } });
      li.setAttribute('role', 'option');
      li.setAttribute('aria-selected', String(m.id === chosen));
      const top = make('div', '', { className: 'row' });
      top.append(make('b', m.subject || '(no subject)'), make('span', new Date(m.date).toLocaleTimeString(), { className: 'dim' }));
      const clip = m.attachments.length ? '  \\u00b7  ' + m.attachments.length + (m.attachments.length === 1 ? ' file' : ' files') : '';
      li.append(top, make('span', 'to ' + m.to.join(', ') + clip), make('span', (m.text || '').slice(0, 120), { className: 'dim' }));
      return li;
    });
    $('list').replaceChildren(...rows);
    $('count').textContent = messages.length === 1 ? '1 message' : messages.length + ' messages';
  }
  function drawView() {
    const m = messages.find((one) => one.id === chosen);
    if (shown === (m && m.id) && $('view').childNodes.length) return;
    shown = m && m.id;
    if (!m) return $('view').replaceChildren(make('p', messages.length ? 'Choose a message.' : 'No mail yet. Everything the system sends lands here; nothing leaves this machine.', { className: 'empty' }));
    const base = '/api/messages/' + m.id;
    const files = make('div', '', { id: 'files' });
    for (const a of m.attachments) files.append(make('a', '\\u2193 ' + a.filename + ' (' + size(a.size) + ')', { href: base + '/attachments/' + encodeURIComponent(a.filename), download: a.filename }));
    const meta = make('div', 'From ' + m.from + '  \\u00b7  to ' + m.to.join(', ') + '  \\u00b7  ' + new Date(m.date).toLocaleString(), { className: 'dim' });
    const tabs = make('div', '', { className: 'tabs' }), body = make('div', '', { style: 'flex:1;display:flex;flex-direction:column' });
    const show = { HTML: () => make('iframe', '', { sandbox: 'allow-popups', srcdoc: m.html, title: 'Message' }), Text: () => make('pre', m.text) };
    if (!m.html) delete show.HTML;
    for (const name of Object.keys(show)) tabs.append(make('button', name, { onclick: () => pick(name) }));
    tabs.append(make('button', 'Source', { onclick: () => window.open(base + '/source') }));
    function pick(name) {
      body.replaceChildren(show[name]());
      for (const b of tabs.children) b.setAttribute('aria-pressed', String(b.textContent === name));
    }
    $('view').replaceChildren(make('h2', m.subject || '(no subject)'), meta, files, tabs, body);
    pick(Object.keys(show)[0]);
  }
  function choose(id) { chosen = id; history.replaceState(null, '', '#' + id); drawList(); drawView(); }
  async function refresh() {
    try {
      const text = await (await fetch('/api/messages')).text();
      if (text === last) return;
      last = text;
      messages = JSON.parse(text);
      document.title = messages.length ? '(' + messages.length + ') Billetter mail' : 'Billetter mail';
      drawList(); drawView();
    } catch { $('count').textContent = 'the mail catcher does not answer'; last = undefined; }
  }
  $('filter').oninput = drawList;
  $('clear').onclick = async () => { await fetch('/api/messages', { method: 'DELETE' }); chosen = ''; refresh(); };
  refresh();
  setInterval(() => document.hidden || refresh(), 2000);
</script>
</html>
`;
