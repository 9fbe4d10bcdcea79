package io.milvus.v2.client;

/** The options of Milvus's Java client that the snippets use; build() prints what it was given. */
public class ConnectConfig {
    public static ConnectConfigBuilder builder() {
        return new ConnectConfigBuilder();
    }

    public static class ConnectConfigBuilder {
        private ConnectConfigBuilder given(String name, Object value) {
            StringBuilder hex = new StringBuilder();
            for (char unit : String.valueOf(value).toCharArray()) {
                hex.append(String.format("%04x", (int) unit));
            }
            System.out.println(name + " " + hex);
            return this;
        }

        public ConnectConfigBuilder uri(String uri) {
            return given("uri", uri);
        }

        public ConnectConfigBuilder token(String token) {
            return given("token", token);
        }

        public ConnectConfigBuilder username(String username) {
            return given("username", username);
        }

        public ConnectConfigBuilder password(String password) {
            return given("password", password);
        }

        public ConnectConfigBuilder dbName(String dbName) {
            return given("dbName", dbName);
        }

        public ConnectConfigBuilder connectTimeoutMs(long connectTimeoutMs) {
            return given("connectTimeoutMs", connectTimeoutMs);
        }

        public ConnectConfigBuilder caPemPath(String caPemPath) {
            return given("caPemPath", caPemPath);
        }

        public ConnectConfigBuilder serverPemPath(String serverPemPath) {
            return given("serverPemPath", serverPemPath);
        }

        public ConnectConfigBuilder clientPemPath(String clientPemPath) {
            return given("clientPemPath", clientPemPath);
        }

        public ConnectConfigBuilder clientKeyPath(String clientKeyPath) {
            return given("clientKeyPath", clientKeyPath);
        }

        public ConnectConfigBuilder serverName(String serverName) {
            return given("serverName", serverName);
        }

        public ConnectConfig build() {
            return new ConnectConfig();
        }
    }
}
