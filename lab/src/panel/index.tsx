import './panel.css';

export default {};
