import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.centrifugal.centrifuge.Client;
import io.github.centrifugal.centrifuge.ConnectionTokenEvent;
import io.github.centrifugal.centrifuge.ConnectionTokenGetter;
import io.github.centrifugal.centrifuge.DuplicateSubscriptionException;
import io.github.centrifugal.centrifuge.HistoryOptions;
import io.github.centrifugal.centrifuge.Options;
import io.github.centrifugal.centrifuge.ResultCallback;
import io.github.centrifugal.centrifuge.StreamPosition;
import io.github.centrifugal.centrifuge.Subscription;
import io.github.centrifugal.centrifuge.SubscriptionOptions;
import io.github.centrifugal.centrifuge.TokenCallback;
import io.github.centrifugal.centrifuge.UnauthorizedException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.lang.reflect.Field;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import okhttp3.WebSocket;

/**
 * One client of the SDK, spoken to in JSON lines, as tests/node/client.mjs is.
 *
 * <p>In: {"id": 1, "do": "subscribe", ...}, {"answer": 1, "value": ...}. Out: {"id": 1, "result":
 * ...}, {"id": 1, "error": {"code", "message"}}, {"event": ...}, {"ask": 1, "what": "token"}.
 * Names of events and fields are those of the JavaScript SDK. The end of the connection ends the
 * client.
 */
final class Driven implements Teller {
  private static final Gson GSON = new GsonBuilder().serializeNulls().create();

  private final Socket socket;
  private final Map<Integer, TokenCallback> questions = new ConcurrentHashMap<>();
  private final AtomicInteger asked = new AtomicInteger();
  private Client client;

  Driven(Socket socket) {
    this.socket = socket;
  }

  void run() {
    try (socket) {
      BufferedReader lines =
          new BufferedReader(
              new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        hear(JsonParser.parseString(line).getAsJsonObject());
      }
    } catch (IOException gone) {
      // The test's end hung up: so do we.
    }
    try {
      if (client != null) {
        client.close(1_000);
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public synchronized void tell(JsonObject message) {
    try {
      OutputStream out = socket.getOutputStream();
      out.write((GSON.toJson(message) + "\n").getBytes(StandardCharsets.UTF_8));
    } catch (IOException gone) {
      // Nobody listens any more.
    }
  }

  private void hear(JsonObject message) {
    if (message.has("answer")) {
      TokenCallback question = questions.remove(message.get("answer").getAsInt());
      if (message.has("unauthorized")) {
        question.Done(new UnauthorizedException(), null);
      } else {
        question.Done(null, message.get("value").getAsString());
      }
      return;
    }
    int id = message.get("id").getAsInt();
    try {
      act(id, message.get("do").getAsString(), message);
    } catch (DuplicateSubscriptionException | ReflectiveOperationException | RuntimeException no) {
      failed(id, no);
    }
  }

  private void act(int id, String what, JsonObject with)
      throws DuplicateSubscriptionException, ReflectiveOperationException {
    String channel = with.has("channel") ? with.get("channel").getAsString() : null;
    switch (what) {
      case "connect" -> connect(with);
      case "reconnect" -> client.connect();
      case "disconnect" -> client.disconnect();
      case "cut" -> cut();
      case "subscribe" -> subscribe(channel, with);
      case "resubscribe" -> subscription(channel).subscribe();
      case "unsubscribe" -> subscription(channel).unsubscribe();
      case "publish" -> {
        client.publish(channel, bytes(with.get("data")), answer(id, result -> new JsonObject()));
        return;
      }
      case "rpc" -> {
        String method = with.get("method").getAsString();
        client.rpc(method, bytes(with.get("data")), answer(id, Plain::rpc));
        return;
      }
      case "presence" -> {
        client.presence(channel, answer(id, Plain::presence));
        return;
      }
      case "presenceStats" -> {
        client.presenceStats(channel, answer(id, Plain::presenceStats));
        return;
      }
      case "history" -> {
        client.history(channel, historyOptions(with), answer(id, Plain::history));
        return;
      }
      default -> throw new IllegalArgumentException(what);
    }
    done(id, JsonNull.INSTANCE);
  }

  private void connect(JsonObject with) {
    Options options = new Options();
    options.setToken(with.get("token").getAsString());
    options.setMinReconnectDelay(10);
    options.setMaxReconnectDelay(200);
    options.setTokenGetter(
        new ConnectionTokenGetter() {
          @Override
          public void getConnectionToken(ConnectionTokenEvent event, TokenCallback callback) {
            int number = asked.incrementAndGet();
            questions.put(number, callback);
            JsonObject question = new JsonObject();
            question.addProperty("ask", number);
            question.addProperty("what", "token");
            tell(question);
          }
        });
    client = new Client(with.get("url").getAsString(), options, new ClientEvents(this));
    client.connect();
  }

  private void subscribe(String channel, JsonObject with) throws DuplicateSubscriptionException {
    SubscriptionOptions options = new SubscriptionOptions();
    options.setMinResubscribeDelay(10);
    options.setMaxResubscribeDelay(200);
    if (with.get("options") instanceof JsonObject wanted && wanted.has("joinLeave")) {
      options.setJoinLeave(wanted.get("joinLeave").getAsBoolean());
    }
    client.newSubscription(channel, options, new ChannelEvents(this)).subscribe();
  }

  private Subscription subscription(String channel) {
    Subscription found = client.getSubscription(channel);
    if (found == null) {
      throw new IllegalArgumentException("no subscription to " + channel);
    }
    return found;
  }

  /** End the socket without a close, as a network does it: the SDK has no word for it. */
  private void cut() throws ReflectiveOperationException {
    Field held = Client.class.getDeclaredField("ws");
    held.setAccessible(true);
    ((WebSocket) held.get(client)).cancel();
  }

  private static HistoryOptions historyOptions(JsonObject with) {
    HistoryOptions.Builder builder = new HistoryOptions.Builder();
    if (with.get("options") instanceof JsonObject wanted) {
      if (wanted.has("limit")) {
        builder.withLimit(wanted.get("limit").getAsInt());
      }
      if (wanted.has("reverse")) {
        builder.withReverse(wanted.get("reverse").getAsBoolean());
      }
      if (wanted.get("since") instanceof JsonObject since) {
        builder.withSince(
            new StreamPosition(since.get("offset").getAsLong(), since.get("epoch").getAsString()));
      }
    }
    return builder.build();
  }

  private static byte[] bytes(JsonElement value) {
    return GSON.toJson(value).getBytes(StandardCharsets.UTF_8);
  }

  private <T> ResultCallback<T> answer(int id, Function<T, JsonElement> plain) {
    return (error, result) -> {
      if (error != null) {
        failed(id, error);
      } else {
        done(id, plain.apply(result));
      }
    };
  }

  private void done(int id, JsonElement result) {
    JsonObject answer = new JsonObject();
    answer.addProperty("id", id);
    answer.add("result", result);
    tell(answer);
  }

  private void failed(int id, Throwable error) {
    JsonObject answer = new JsonObject();
    answer.addProperty("id", id);
    answer.add("error", Plain.error(error));
    tell(answer);
  }
}
