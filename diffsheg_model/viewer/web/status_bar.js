// The bar at the top: connection, state, utterance, warning, and notices that vanish by themselves.

const NOTICE_MS = 6000;

const byId = (id) => document.getElementById(id);

export class StatusBar {
  #noticeTimer = 0;

  show(isConnected, { clip, sources, status }) {
    const level = status.level ?? 0;
    byId('dot').className = !isConnected || level > 1 ? '' : level ? 'warn' : 'on';
    byId('state').textContent = isConnected ? stateText(clip, status) : 'connecting';
    byId('utterance').textContent = clip
      ? sources.map(({ name }) => name).join(' · ') : status.utterance_id ?? '';
    byId('warning').textContent = isConnected && level ? status.message : '';
  }

  notice(text) {
    byId('notice').textContent = text;
    clearTimeout(this.#noticeTimer);
    this.#noticeTimer = setTimeout(() => { byId('notice').textContent = ''; }, NOTICE_MS);
  }
}

function stateText(clip, status) {
  if (clip) return clip.playing ? 'playing' : 'paused';
  return status.state || 'waiting for the avatar';
}
