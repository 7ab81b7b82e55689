// The one line that is always true. Pure, so that a test can ask for every state.
import { countFiles, formatMoment } from '../format';
import type { UploadView } from '../classic/upload';
import type { ShareView } from '../classic/share';
import type { ReceiverView } from './receiver';
import type { SenderView } from './sender';

const until = (date: Date | null): string => (date ? ` The code is good until ${formatMoment(date)}.` : '');

const unsaved = 'Waiting for this browser to save. If it asks, let this page download several files.';

export function senderStatus(view: SenderView): string {
  switch (view.state) {
    case 'creating':
      return 'Asking the server for a code…';
    case 'waiting':
      if (view.signaling === 'reconnecting' || view.signaling === 'offline') {
        return 'The line to the server is down. The receiver can join as soon as it is back.';
      }
      return `Waiting for the receiver.${until(view.expiresAt)}`;
    case 'connecting':
      return 'The receiver is here. Looking for a direct path…';
    case 'asking':
      return 'Connected directly. The receiver is looking at the list.';
    case 'sending':
      return view.path === 'relay' ? 'Sending through a relay.' : 'Sending straight to the other browser.';
    case 'verifying':
      return 'Everything is sent. The receiver is checking it.';
    case 'storing': {
      const why = { asked: 'Leaving it on the server', 'no-path': 'No direct path — sending through the server', lost: 'The direct path broke — sending through the server', '': 'Sending through the server' }[view.reason];
      if (view.problem) return 'The upload has stopped. What is on the server so far is kept.';
      return view.troubled ? `${why}. The connection was lost; trying again…` : `${why}. You can close this tab at 100 %.`;
    }
    case 'stored':
      return `Everything is on the server. The receiver gets it with the same code${view.shareExpiresAt ? ` until ${formatMoment(view.shareExpiresAt)}` : ''}; you can close this tab.`;
    case 'done':
      return `Done. The receiver has ${countFiles(view.files.length)}, checked to the last byte.`;
    case 'declined':
      return 'The receiver said no. Nothing was sent.';
    case 'cancelled':
      return 'Stopped. The code no longer works.';
    case 'failed':
      return 'The transfer has ended. Your files are still here.';
  }
}

export function receiverStatus(view: ReceiverView): string {
  switch (view.state) {
    case 'entering':
      return 'Type the code that the sender gave you.';
    case 'ready':
      return 'Someone wants to hand you files.';
    case 'joining':
      return 'Looking for the sender…';
    case 'waiting':
      return view.signaling === 'online' ? "Waiting for the sender's page to come back." : 'Connecting to the server…';
    case 'connecting':
      return 'The sender is here. Looking for a direct path…';
    case 'asking':
      return view.path === 'server' ? 'The files wait on the server. Take them?' : 'Connected directly. Take these files?';
    case 'receiving':
      if (view.unsaved) return unsaved;
      if (view.path === 'server') return 'Receiving through the server.';
      return view.path === 'relay' ? 'Receiving through a relay.' : 'Receiving straight from the other browser.';
    case 'verifying':
      if (view.unsaved) return unsaved;
      return 'Everything is here. Checking it against the sender…';
    case 'storing': {
      const broke = view.received > 0 ? 'The direct path broke' : 'No direct path';
      if (view.storing === null) return `${broke} — asking the sender to use the server.`;
      return `${broke} — the sender is putting it on the server: ${view.storing} %.`;
    }
    case 'done':
      return view.verified
        ? `Done: ${countFiles(view.files.length)}, verified to the last byte.`
        : `Saved: ${countFiles(view.files.length)}. The sender left no fingerprint to check against.`;
    case 'declined':
      return 'You said no. Nothing was saved.';
    case 'cancelled':
      return 'Stopped. Nothing half was left behind.';
    case 'failed':
      return 'The transfer has ended. Nothing half was left behind.';
  }
}

export function uploadStatus(view: UploadView): string {
  const link = view.share ? formatMoment(new Date(view.share.expires_at)) : '';
  switch (view.state) {
    case 'creating':
      return 'Asking the server for a link…';
    case 'uploading':
      return view.troubled ? 'The connection was lost; trying again. Nothing is lost.' : 'Uploading. The link works already and says that files are on their way.';
    case 'paused':
      return view.problem ? 'Stopped by a problem. What is uploaded is kept.' : 'Paused. What is uploaded is kept.';
    case 'completing':
      return 'Everything is uploaded. Closing the parcel…';
    case 'ready':
      return `Ready. Anyone with the link can download until ${link}.`;
    case 'cancelled':
      return 'Stopped. The link no longer works and the files were removed.';
    case 'failed':
      return 'The upload has ended. Your files are still here.';
  }
}

export function shareStatus(view: ShareView): string {
  switch (view.state) {
    case 'loading':
      return 'Looking behind the link…';
    case 'open':
      return 'The files are on their way. This page shows them as soon as they are here.';
    case 'ready':
      return 'Ready. Every file is checked as it arrives.';
    case 'downloading':
      return view.unsaved ? unsaved : 'Downloading and checking.';
    case 'done': {
      const checked = view.files.some((file) => file.state === 'verified') && !view.files.some((file) => file.state === 'saved');
      return checked ? 'Done: verified to the last byte.' : 'Saved. The sender left no fingerprint to check against.';
    }
    case 'expired':
      return 'This link has expired. The files were removed.';
    case 'not-found':
      return 'There is nothing behind this link.';
    case 'failed':
      return 'The link could not be opened.';
  }
}
