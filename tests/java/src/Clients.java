import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;

/**
 * Clients of the official Java SDK: one for each connection to a port of this machine.
 *
 * <p>Prints the port as its first line. What a connection says and hears is told in Driven.
 */
public final class Clients {
  private Clients() {}

  public static void main(String[] arguments) throws IOException {
    try (ServerSocket door = new ServerSocket(0, 64, InetAddress.getLoopbackAddress())) {
      System.out.println(door.getLocalPort());
      while (true) {
        Socket socket = door.accept();
        Thread thread = new Thread(() -> new Driven(socket).run());
        thread.setDaemon(true);
        thread.start();
      }
    }
  }
}
