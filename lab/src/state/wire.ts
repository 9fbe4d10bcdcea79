// What carries the panel's messages: the comm of a widget, or the sidebar's.

export interface Signal<T> {
  connect(slot: (sender: unknown, args: T) => void): unknown;
  disconnect(slot: (sender: unknown, args: T) => void): unknown;
}

/** What a front end tells of a kernel; not every front end tells it. */
export interface KernelSignals {
  statusChanged?: Signal<string>;
  /** `connected`, or what is sent waits until it is. */
  readonly connectionStatus?: string;
  connectionStatusChanged?: Signal<string>;
  disposed?: Signal<void>;
}

export interface Wire {
  readonly kernel: KernelSignals | null;
  /** Throws where nothing can be sent any more. What is sent `again` may have been lost. */
  send(content: unknown, again: boolean): void;
  /** Whether the kernel handles what is sent even while a cell runs. */
  answersWhileBusy?(): boolean;
  /** Call back with each message of the kernel; what is returned ends it. */
  listen(callback: (content: unknown) => void): () => void;
  /** Call back when the other end of the comm is gone for good; what is returned ends it. */
  onClosed?(callback: () => void): () => void;
}
