using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Fabric.Ctl.Api;

/// <summary>Problem details (RFC 9457) as text for people.</summary>
public static class ProblemText
{
    /// <summary>The exception that stands for a refusal.</summary>
    /// <param name="status">Status code of the response.</param>
    /// <param name="body">Its body.</param>
    /// <param name="place">What a JSON pointer into the request means to the user; null: the pointer itself.</param>
    public static CtlException ToException(HttpStatusCode status, string body, Func<string, string>? place = null)
    {
        var exitCode = status == HttpStatusCode.Unauthorized ? ExitCodes.NoAccess : ExitCodes.Refused;
        JsonObject? problem = null;
        try
        {
            problem = JsonNode.Parse(body) as JsonObject;
        }
        catch (JsonException)
        {
            // Not from the controller: a proxy, or another program at this address.
        }

        if (problem is null)
        {
            return new CtlException(exitCode, $"{(int)status} {status}, without an explanation");
        }

        var text = new StringBuilder(Text(problem["title"]) ?? status.ToString());
        var errors = (problem["errors"] as JsonArray ?? []).OfType<JsonObject>().ToList();
        var detail = Text(problem["detail"]) ?? "";
        if (errors.Count == 1 && Text(errors[0]["message"]) == detail)
        {
            // Said once is enough.
            errors.Clear();
        }

        if (detail.Length > 0 && (errors.Count == 0 || place is null))
        {
            // With a list of errors whose places we name, the summary would only repeat the first one.
            text.Append(": ").Append(detail);
        }

        foreach (var error in errors)
        {
            var pointer = Text(error["pointer"]) ?? "";
            var where = place?.Invoke(pointer) ?? pointer;
            text.Append("\n  ").Append(where).Append(where.Length > 0 ? ": " : "").Append(Text(error["message"]));
        }

        if (status == HttpStatusCode.InternalServerError && Text(problem["traceId"]) is { } trace)
        {
            text.Append("\n  trace ").Append(trace);
        }

        return new CtlException(exitCode, text.ToString());
    }

    private static string? Text(JsonNode? node) => node is JsonValue ? node.ToString() : null;
}
