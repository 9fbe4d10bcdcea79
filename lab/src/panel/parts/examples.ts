// Examples in empty boxes: names, addresses and files, which are the same in each language.

export const EXAMPLE_ADDRESS = 'localhost:19530, https://…, ./file.db';
export const EXAMPLE_DATABASE = 'default';
export const EXAMPLE_USER = 'root';
export const EXAMPLE_VARIABLE = 'MILVUS_TOKEN';
export const EXAMPLE_PEM = {
  ca_pem_path: 'ca.pem',
  server_pem_path: 'server.pem',
  client_pem_path: 'client.pem',
  client_key_path: 'client.key',
};
