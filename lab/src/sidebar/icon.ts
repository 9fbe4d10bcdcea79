import { LabIcon } from '@jupyterlab/ui-components';

// Vectors between points, in the shape of an M.
const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="16">
  <path class="jp-icon3" stroke="#616161" stroke-width="1.8" stroke-linejoin="round"
    style="fill: none" d="M4.5 18.5v-12l7.5 8 7.5-8v12"/>
  <g class="jp-icon3" fill="#616161">
    <circle cx="4.5" cy="18.5" r="2.5"/><circle cx="4.5" cy="6" r="2.5"/>
    <circle cx="12" cy="14.5" r="2.5"/><circle cx="19.5" cy="6" r="2.5"/>
    <circle cx="19.5" cy="18.5" r="2.5"/>
  </g>
</svg>`;

export const milvusIcon = new LabIcon({ name: 'milvus_nb:icon', svgstr: svg });

/** As the panel's own, in the colours of JupyterLab. */
export const disconnectIcon = new LabIcon({
  name: 'milvus_nb:disconnect',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 12 12" width="16">
  <path class="jp-icon3" fill="#616161" d="M6 1.5 10.5 7h-9zM1.5 8.75h9v1.5h-9z"/>
</svg>`,
});
