import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Runs the snippet, and tells whether it has closed all that it opened. */
public class Closed {
    public static void main(String[] args) throws Exception {
        Connect.main(args);
        long end = System.nanoTime() + 5_000_000_000L;
        while (!connections().isEmpty()) {
            if (System.nanoTime() > end) {
                System.out.println("not closed: " + connections());
                System.exit(1);
            }
            Thread.sleep(10);
        }
        System.out.println("closed");
    }

    /** The virtual machine has sockets of its own; none of them is a connection. */
    private static List<String> connections() throws IOException {
        List<String> sockets = new ArrayList<>();
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            for (Path descriptor : open.toArray(Path[]::new)) {
                try {
                    sockets.add(Files.readSymbolicLink(descriptor).toString());
                } catch (IOException closedMeanwhile) {
                    continue;
                }
            }
        }
        List<String> found = new ArrayList<>();
        for (String table : List.of("/proc/self/net/tcp", "/proc/self/net/tcp6")) {
            for (String line : Files.readAllLines(Path.of(table))) {
                String[] columns = line.trim().split("\\s+");
                if (sockets.contains("socket:[" + columns[9] + "]")) {
                    found.add(columns[2]);
                }
            }
        }
        return found;
    }
}
