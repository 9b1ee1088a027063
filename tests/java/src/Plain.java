import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.centrifugal.centrifuge.ClientInfo;
import io.github.centrifugal.centrifuge.HistoryResult;
import io.github.centrifugal.centrifuge.PresenceResult;
import io.github.centrifugal.centrifuge.PresenceStatsResult;
import io.github.centrifugal.centrifuge.Publication;
import io.github.centrifugal.centrifuge.RPCResult;
import io.github.centrifugal.centrifuge.ReplyError;
import io.github.centrifugal.centrifuge.StreamPosition;
import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;

/** Turns the SDK's objects into JSON with the JavaScript SDK's names. */
final class Plain {
  private Plain() {}

  static JsonElement json(byte[] bytes) {
    return JsonParser.parseString(new String(bytes, StandardCharsets.UTF_8));
  }

  static JsonElement rpc(RPCResult result) {
    JsonObject plain = new JsonObject();
    plain.add("data", json(result.getData()));
    return plain;
  }

  static JsonElement presence(PresenceResult result) {
    JsonObject clients = new JsonObject();
    result.getClients().forEach((client, info) -> clients.add(client, info(info)));
    JsonObject plain = new JsonObject();
    plain.add("clients", clients);
    return plain;
  }

  static JsonElement presenceStats(PresenceStatsResult result) {
    JsonObject plain = new JsonObject();
    plain.addProperty("numClients", result.getNumClients());
    plain.addProperty("numUsers", result.getNumUsers());
    return plain;
  }

  static JsonElement history(HistoryResult result) {
    JsonArray publications = new JsonArray();
    for (Publication one : result.getPublications()) {
      JsonObject publication = new JsonObject();
      publication(publication, one.getData(), one.getOffset(), one.getInfo());
      publications.add(publication);
    }
    JsonObject plain = new JsonObject();
    plain.add("publications", publications);
    plain.addProperty("offset", result.getOffset());
    plain.addProperty("epoch", result.getEpoch());
    return plain;
  }

  static void publication(JsonObject plain, byte[] data, long offset, ClientInfo info) {
    plain.add("data", json(data));
    if (offset != 0) {
      plain.addProperty("offset", offset);
    }
    if (info != null) {
      plain.add("info", info(info));
    }
  }

  static JsonElement info(ClientInfo info) {
    JsonObject plain = new JsonObject();
    plain.addProperty("client", info.getClient());
    plain.addProperty("user", info.getUser());
    if (info.getConnInfo() != null && info.getConnInfo().length > 0) {
      plain.add("connInfo", json(info.getConnInfo()));
    }
    return plain;
  }

  static JsonElement position(StreamPosition position) {
    JsonObject plain = new JsonObject();
    plain.addProperty("offset", (Long) hidden(position, "offset"));
    plain.addProperty("epoch", (String) hidden(position, "epoch"));
    return plain;
  }

  static JsonObject error(Throwable error) {
    JsonObject plain = new JsonObject();
    plain.addProperty("code", error instanceof ReplyError refused ? refused.getCode() : 0);
    plain.addProperty("message", String.valueOf(error.getMessage()));
    return plain;
  }

  /** Reads what this version of the SDK keeps to itself. */
  private static Object hidden(StreamPosition position, String name) {
    try {
      Field field = StreamPosition.class.getDeclaredField(name);
      field.setAccessible(true);
      return field.get(position);
    } catch (ReflectiveOperationException other) {
      throw new IllegalStateException(other);
    }
  }
}
