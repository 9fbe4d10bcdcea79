// The parts of anywidget's model that the panel uses. JupyterLab's widget manager also holds the
// kernel; other front ends may not, so everything there is optional.

export interface Signal<T> {
  connect(slot: (sender: unknown, args: T) => void): unknown;
  disconnect(slot: (sender: unknown, args: T) => void): unknown;
}

export interface KernelConnection {
  statusChanged?: Signal<string>;
  connectionStatusChanged?: Signal<string>;
  disposed?: Signal<void>;
}

export interface Model {
  send(content: unknown): void;
  on(name: string, callback: (...args: unknown[]) => void): void;
  off(name: string, callback?: ((...args: unknown[]) => void) | null): void;
  widget_manager?: { kernel?: KernelConnection | null };
}
