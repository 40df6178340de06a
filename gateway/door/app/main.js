// The page: what is seen, and what presses do. What a scan comes to is decided in gate.js.
import { Refused } from './api.js';
import { startCamera } from './camera.js';
import { looksLikeCode, trimmed } from './codes.js';
import { say, wakeAudio } from './feedback.js';
import { createGate } from './gate.js';
import { openStore } from './store.js';
import * as words from './words.js';

/** The same code in view is not scanned again for so long. */
const SAME_CODE_MS = 3_000;
const MOST_FOUND = 50;

/** @param {string} id @returns {any} */
const $ = (id) => document.getElementById(id);

/** @param {string} tag @param {string} [text] @param {Record<string, string>} [attributes] */
function make(tag, text, attributes = {}) {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

const store = await openStore();
const gate = await createGate(store, () => draw());
const { state } = gate;
/** @type {{ stop(): void } | undefined} */
let camera;
let view = 'scan';
let screen = '';

/** Shows the one screen that fits what is known, and puts the focus on its title when it changes. */
function draw() {
  const wanted = !state.person || (state.signedOut && state.online && !state.event) ? 'sign-in' : state.event ? 'door' : 'choose';
  for (const id of ['sign-in', 'choose', 'door']) $(id).hidden = id !== wanted;
  $('where').textContent = state.event ? state.gate : '';
  $('network').textContent = state.online ? 'online' : 'offline';
  $('network').dataset.online = state.online ? 'yes' : 'no';
  if (state.event) drawDoor();
  if (screen !== wanted) {
    screen = wanted;
    if (wanted === 'choose') void showEvents();
    $(`${wanted}-title`).focus();
  }
}

function drawDoor() {
  const { event, counts, conflicts } = state;
  $('door-title').textContent = event?.name ?? '';
  $('counts').textContent = counts ? `${counts.in} of ${counts.tickets} are in` : 'Reading the list…';
  $('kept').textContent = words.kept(state);
  $('telling').hidden = !state.telling;
  $('telling').max = state.telling || 1;
  $('telling').value = state.telling - state.pending;
  $('conflict-badge').hidden = !conflicts.length;
  $('conflict-badge').textContent = String(conflicts.length);
  for (const id of ['scan', 'guests', 'gates']) $(id).hidden = id !== view;
  for (const button of document.querySelectorAll('nav button'))
    button.setAttribute('aria-pressed', String(button.getAttribute('data-view') === view));
  if (view === 'gates') drawGates();
}

function drawGates() {
  const rows = (state.counts?.gates ?? []).map((g) => {
    const row = make('tr');
    row.append(
      make('th', g.gate ?? 'elsewhere', { scope: 'row' }),
      make('td', String(g.in)),
      make('td', words.clock(g.last_at, state.event)),
    );
    return row;
  });
  $('gate-rows').replaceChildren(...rows);
  $('no-conflicts').hidden = state.conflicts.length > 0;
  $('conflicts').replaceChildren(...state.conflicts.map((c) => make('li', words.conflict(c, state.event))));
}

/** @param {string} asked */
function drawGuests(asked) {
  const found = gate.guests.find(asked, MOST_FOUND);
  $('found').textContent = asked.trim() ? words.found(found.length, MOST_FOUND, state.listed) : '';
  $('list').replaceChildren(
    ...found.map((guest) => {
      const item = make('li');
      const who = make('div');
      who.append(make('p', guest.name ?? 'No name', { dir: 'auto' }), make('p', words.guest(guest, state.event), { class: 'soft' }));
      const button = make('button', 'Let in', { 'aria-label': `Let in ${guest.name ?? 'this guest'}` });
      button.toggleAttribute('disabled', guest.void || !!guest.used_at);
      button.addEventListener('click', async () => {
        await scan({ ticket: guest.ticket });
        view = 'scan';
        drawDoor();
      });
      item.append(who, button);
      return item;
    }),
  );
}

/** @param {import('./gate.js').Answer} answer */
function show(answer) {
  const told = words.answer(answer, state.event, state.readAt);
  const panel = $('answer');
  panel.dataset.answer = told.kind;
  panel.dataset.outcome = answer.outcome;
  panel.dataset.fresh = 'no';
  void panel.offsetWidth; // lets the animation begin again
  panel.dataset.fresh = 'yes';
  panel.querySelector('.mark').textContent = told.mark;
  panel.querySelector('.word').textContent = told.word;
  panel.querySelector('.why').textContent = told.why;
  say(told.kind);
}

let busy = false;
/** One scan at a time. @param {import('./gate.js').Shown} shown */
async function scan(shown) {
  if (busy) return;
  busy = true;
  $('scan-problem').textContent = '';
  try {
    show(await gate.scan(shown));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    $('scan-problem').textContent = error.message;
  } finally {
    busy = false;
  }
}

/** @type {{ text: string, until: number }} */
let last = { text: '', until: 0 };
/** @param {string} text */
async function seen(text) {
  const repeated = text === last.text && performance.now() < last.until;
  if (!repeated) await scan({ code: text });
  last = { text, until: performance.now() + SAME_CODE_MS };
}

async function showEvents() {
  $('choose-problem').textContent = '';
  try {
    const events = await gate.events();
    $('events').replaceChildren(
      ...events.map((event, i) => {
        const label = make('label');
        const radio = make('input', undefined, { type: 'radio', name: 'event', value: event.id, required: '' });
        if (i === 0) radio.setAttribute('checked', '');
        Object.assign(radio, { event });
        label.append(radio, make('span', words.event(event)));
        return label;
      }),
    );
    if (!events.length) $('choose-problem').textContent = 'You have no event that is on sale or has just been.';
  } catch (error) {
    $('choose-problem').textContent = error instanceof Error ? error.message : String(error);
    if (error instanceof Refused && error.status === 401) {
      state.signedOut = true;
      draw();
    }
  }
  $('gate').value = state.gate;
}

/** Runs what a form does, and shows beside it what went wrong. @param {string} id @param {string} problem @param {() => Promise<void>} work */
function onSubmit(id, problem, work) {
  $(id).addEventListener('submit', async (/** @type {Event} */ submitted) => {
    submitted.preventDefault();
    wakeAudio();
    $(problem).textContent = '';
    try {
      await work();
    } catch (error) {
      $(problem).textContent = error instanceof Error ? error.message : String(error);
    }
  });
}

onSubmit('sign-in-form', 'sign-in-problem', async () => {
  await gate.signIn($('email').value, $('password').value);
  $('password').value = '';
  await gate.sync();
});

onSubmit('choose-form', 'choose-problem', async () => {
  const chosen = /** @type {any} */ (document.querySelector('input[name=event]:checked'));
  if (!chosen) throw new Error('Choose an event.');
  view = 'scan';
  await gate.choose(chosen.event, $('gate').value.trim());
});

onSubmit('code-form', 'scan-problem', async () => {
  const text = trimmed($('code').value);
  if (!text) return;
  $('code').value = '';
  if (looksLikeCode(text) || !gate.guests.find(text, 1).length) return scan({ code: text });
  view = 'guests';
  $('find').value = text;
  drawDoor();
  drawGuests(text);
});

$('find').addEventListener('input', () => drawGuests($('find').value));

$('camera').addEventListener('click', async () => {
  wakeAudio();
  $('scan-problem').textContent = '';
  if (camera) {
    camera.stop();
    camera = undefined;
  } else {
    $('finder').hidden = false;
    camera = await startCamera($('video'), seen).catch((error) => {
      $('scan-problem').textContent = words.noCamera(error);
      return undefined;
    });
    if (camera) void navigator.wakeLock?.request('screen').catch(() => undefined);
  }
  $('finder').hidden = !camera;
  $('camera').textContent = camera ? 'Stop the camera' : 'Start the camera';
});

for (const button of document.querySelectorAll('nav button'))
  button.addEventListener('click', () => {
    view = button.getAttribute('data-view') ?? 'scan';
    drawDoor();
    if (view === 'guests') drawGuests($('find').value);
  });

for (const button of document.querySelectorAll('[data-act=leave]')) button.addEventListener('click', () => gate.leave());
for (const button of document.querySelectorAll('[data-act=sign-out]'))
  button.addEventListener('click', () => {
    $('sure-words').textContent = words.signingOut(state.pending);
    $('sure').showModal();
  });
for (const button of document.querySelectorAll('[data-sure]'))
  button.addEventListener('click', async () => {
    $('sure').close();
    if (button.getAttribute('data-sure') === 'yes') await gate.signOut();
  });

if ('serviceWorker' in navigator) navigator.serviceWorker.register('sw.js').catch(() => undefined);
draw();
void gate.follow();
