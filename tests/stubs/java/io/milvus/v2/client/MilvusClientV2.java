package io.milvus.v2.client;

import java.util.List;

/** The calls of Milvus's Java client that the snippets use. */
public class MilvusClientV2 {
    public MilvusClientV2(ConnectConfig config) {}

    public ListCollectionsResp listCollections() {
        return new ListCollectionsResp();
    }

    public void close() {
        System.out.println("closed");
    }

    /** In the real client in io.milvus.v2.service.collection.response; the snippets do not name it. */
    public static class ListCollectionsResp {
        public List<String> getCollectionNames() {
            return List.of();
        }
    }
}
