using System.Buffers;
using System.Text.Json;
using System.Text.Unicode;
using Fabric.Controller.Http;
using Microsoft.Net.Http.Headers;

namespace Fabric.Controller.Json;

/// <summary>Reads the JSON body of a request within bounds; everything that is wrong with it is a problem with a clear text.</summary>
public static class RequestBody
{
    /// <summary>Largest body in octets.</summary>
    public const int MaxLength = 1 << 20;

    /// <summary>What is read and thrown away of a body that is too large, so that its sender gets to read the answer.</summary>
    public const int MaxDrained = 64 << 20;

    private const int MaxDepth = 64;

    private static readonly JsonDocumentOptions Options = new() { AllowDuplicateProperties = false, MaxDepth = MaxDepth };

    /// <summary>The body; the caller disposes of it.</summary>
    /// <exception cref="ProblemException">It is missing, of another type, too large or not JSON.</exception>
    public static async Task<JsonDocument> ReadAsync(HttpContext context, string mediaType = ApiJson.MediaType)
    {
        CheckType(context.Request, mediaType);
        var (buffer, length) = await ReadAllAsync(context);
        try
        {
            return Parse(buffer.AsMemory(0, length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static void CheckType(HttpRequest request, string mediaType)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type) || !type.MediaType.Equals(mediaType, StringComparison.OrdinalIgnoreCase)
            || (type.Charset.HasValue && !type.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase)))
        {
            throw new ProblemException(Problems.UnsupportedMediaType($"send the body as {mediaType} in UTF-8"));
        }

        if (request.Headers.ContentEncoding.Count > 0)
        {
            throw new ProblemException(Problems.UnsupportedMediaType("send the body without Content-Encoding"));
        }
    }

    private static async Task<(byte[] Buffer, int Length)> ReadAllAsync(HttpContext context)
    {
        var body = context.Request.Body;
        var buffer = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(context.Request.ContentLength ?? 4096, 256, MaxLength) + 1);
        var length = 0;
        try
        {
            while (true)
            {
                if (length == buffer.Length)
                {
                    var larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
                    buffer.AsSpan(0, length).CopyTo(larger);
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = larger;
                }

                var read = await body.ReadAsync(buffer.AsMemory(length), context.RequestAborted);
                if (read == 0)
                {
                    return (buffer, length);
                }

                length += read;
                if (length > MaxLength)
                {
                    while (await body.ReadAsync(buffer, context.RequestAborted) > 0)
                    {
                        // Thrown away; the server's own limit ends it.
                    }

                    throw new ProblemException(Problems.TooLarge($"a body has at most {MaxLength} octets; split the change set"));
                }
            }
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(buffer);
            throw;
        }
    }

    private static JsonDocument Parse(ReadOnlyMemory<byte> body)
    {
        if (body.IsEmpty)
        {
            throw new ProblemException(Problems.Malformed("the body is empty; send a JSON object"));
        }

        if (!Utf8.IsValid(body.Span))
        {
            throw new ProblemException(Problems.Malformed("the body is not valid UTF-8"));
        }

        try
        {
            // A copy, for the document keeps what it parses and the buffer goes back to its pool.
            return JsonDocument.Parse(body.ToArray(), Options);
        }
        catch (JsonException e)
        {
            throw new ProblemException(Problems.Malformed(Explain(e)));
        }
        catch (InvalidOperationException e)
        {
            // Comparing names for duplicates unescapes them, and an escaped half of a surrogate pair is no text.
            throw new ProblemException(Problems.Malformed($"the body has text that is not well-formed Unicode: {e.Message}"));
        }
    }

    private static string Explain(JsonException error)
    {
        var text = JsonFault.WithoutPath(error.Message);
        if (text.Contains("maximum configured depth", StringComparison.Ordinal))
        {
            return $"the body is nested deeper than {MaxDepth} levels";
        }

        var place = error.LineNumber is { } line ? $" (line {line + 1}, octet {error.BytePositionInLine + 1})" : "";
        return $"the body is not JSON: {text}{place}";
    }
}
