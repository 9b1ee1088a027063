import com.google.gson.JsonObject;

/** Tells the test what happened. */
interface Teller {
  void tell(JsonObject message);
}
