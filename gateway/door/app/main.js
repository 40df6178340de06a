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

/** Writes only what has changed: screen readers read anew what is written anew. @param {string} id @param {string} text */
function write(id, text) {
  if ($(id).textContent !== text) $(id).textContent = text;
}

/** @param {string} tag @param {string} [text] @param {Record<string, string>} [attributes] */
function make(tag, text, attributes = {}) {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

const store = await openStore().catch((error) => {
  $('no-store').hidden = false;
  throw error;
});
const gate = await createGate(store, () => draw());
const { state } = gate;
/** @type {{ stop(): void } | undefined} */
let camera;
let view = 'scan';
let screen = '';
/** Somebody whose sign-in is over wants to sign in again, without leaving the door. */
let signingIn = false;

/** Shows the one screen that fits what is known, and puts the focus on its title when it changes. */
function draw() {
  const wanted = !state.person || signingIn || (state.signedOut && !state.event) ? 'sign-in' : state.event ? 'door' : 'choose';
  for (const id of ['sign-in', 'choose', 'door']) $(id).hidden = id !== wanted;
  write('where', state.event ? state.gate : '');
  write('network', state.online ? 'online' : 'offline');
  $('network').dataset.online = state.online ? 'yes' : 'no';
  if (state.event) drawDoor();
  if (screen !== wanted) {
    screen = wanted;
    stopCamera();
    clearAnswer();
    if (wanted === 'choose') void showEvents();
    $(`${wanted}-title`).focus();
  }
}

function drawDoor() {
  const { event, counts } = state;
  const conflicts = state.conflicts.length + state.strange.length;
  write('door-title', event?.name ?? '');
  write('counts', counts ? `${counts.in} of ${counts.tickets} are in` : 'Reading the list…');
  write('kept', words.kept(state));
  $('again').hidden = !state.signedOut;
  $('telling').hidden = !state.telling;
  $('telling').max = state.telling || 1;
  $('telling').value = state.telling - state.pending;
  $('conflict-badge').hidden = !conflicts;
  write('conflict-badge', words.badge(conflicts));
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
  const conflicts = [...state.strange, ...state.conflicts];
  $('no-conflicts').hidden = conflicts.length > 0;
  $('conflicts').replaceChildren(...conflicts.map((c) => make('li', words.conflict(c, state.event))));
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
        wakeAudio();
        view = 'scan';
        drawDoor();
        // What was pressed is gone with its list: the next key goes where the answer is.
        $('door-title').focus();
        await scan({ ticket: guest.ticket });
      });
      item.append(who, button);
      return item;
    }),
  );
}

/** @param {import('./words.js').Told} told @param {string} outcome */
function show(told, outcome) {
  const panel = $('answer');
  panel.dataset.answer = told.kind;
  panel.dataset.outcome = outcome;
  panel.dataset.fresh = 'no';
  void panel.offsetWidth; // lets the animation begin again
  panel.dataset.fresh = 'yes';
  for (const part of /** @type {const} */ (['mark', 'word', 'why'])) panel.querySelector(`.${part}`).textContent = told[part];
}

/** Nobody may take the answer to the last scan for that of the next. */
function clearAnswer(word = '') {
  const panel = $('answer');
  panel.dataset.answer = 'none';
  delete panel.dataset.outcome;
  for (const part of ['mark', 'word', 'why']) panel.querySelector(`.${part}`).textContent = part === 'word' ? word : '';
}

let queue = Promise.resolve();
/** One scan after the other, in the order in which they came. @param {import('./gate.js').Shown} shown @returns {Promise<void>} */
function scan(shown) {
  queue = queue.then(async () => {
    clearAnswer('Checking…');
    try {
      const answer = await gate.scan(shown);
      const told = words.answer(answer, state);
      show(told, answer.outcome);
      say(told.kind);
    } catch (error) {
      // Whatever went wrong: the panel must not be left as if somebody might come in.
      show(words.noAnswer(error), 'no_answer');
      say('unsure');
    }
  });
  return queue;
}

/** Until when a code that was seen is not scanned again. @type {Map<string, number>} */
const seenUntil = new Map();
/** @param {string} text */
async function seen(text) {
  if (view !== 'scan') return;
  const repeated = (seenUntil.get(text) ?? 0) > performance.now();
  if (!repeated) await scan({ code: text });
  for (const [code, until] of seenUntil) if (until < performance.now()) seenUntil.delete(code);
  seenUntil.set(text, performance.now() + SAME_CODE_MS);
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
  signingIn = false;
  for (const id of ['email', 'password']) $(id).value = '';
  draw();
  void gate.sync();
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

function stopCamera() {
  camera?.stop();
  camera = undefined;
  $('finder').hidden = true;
  write('camera', 'Start the camera');
}

$('camera').addEventListener('click', async () => {
  wakeAudio();
  $('scan-problem').textContent = '';
  if (camera) return stopCamera();
  $('finder').hidden = false;
  try {
    camera = await startCamera($('video'), seen);
    write('camera', 'Stop the camera');
  } catch (error) {
    stopCamera();
    $('scan-problem').textContent = words.noCamera(error);
  }
});

for (const button of document.querySelectorAll('nav button'))
  button.addEventListener('click', () => {
    view = button.getAttribute('data-view') ?? 'scan';
    drawDoor();
    if (view === 'guests') drawGuests($('find').value);
  });

$('leave').addEventListener('click', async () => {
  $('leave-problem').textContent = '';
  await gate.leave().catch((error) => {
    $('leave-problem').textContent = words.staying(error);
  });
});
$('again').addEventListener('click', () => {
  signingIn = true;
  draw();
});
for (const button of document.querySelectorAll('[data-act=sign-out]'))
  button.addEventListener('click', () => {
    $('sure-words').textContent = words.signingOut(state.pending);
    $('sure').showModal();
  });
for (const button of document.querySelectorAll('[data-sure]'))
  button.addEventListener('click', async () => {
    $('sure').close();
    if (button.getAttribute('data-sure') !== 'yes') return;
    signingIn = false;
    await gate.signOut();
    for (const id of ['events', 'list', 'conflicts', 'gate-rows']) $(id).replaceChildren();
    $('find').value = '';
  });

if ('serviceWorker' in navigator) navigator.serviceWorker.register('sw.js').catch(() => undefined);
draw();
void gate.follow();
