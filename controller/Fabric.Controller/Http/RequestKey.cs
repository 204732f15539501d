using System.Security.Cryptography;
using System.Text;
using Fabric.Controller.Security;
using Fabric.Storage;

namespace Fabric.Controller.Http;

/// <summary>The header Idempotency-Key: by it a request that comes twice is carried out once.</summary>
public static class RequestKey
{
    private const string Header = "Idempotency-Key";
    private const int Longest = 255;

    /// <summary>The key of a request; null where it has none.</summary>
    /// <param name="context">The request.</param>
    /// <param name="text">Its body.</param>
    /// <exception cref="ProblemException">The header cannot be read.</exception>
    public static IdempotencyKey? Of(HttpContext context, string text)
    {
        var header = context.Request.Headers[Header];
        if (header.Count == 0)
        {
            return null;
        }

        var key = header.ToString();
        if (header.Count > 1 || key.Length is 0 or > Longest || key.Any(c => c is < ' ' or > '~'))
        {
            throw new ProblemException(Problems.Malformed($"{Header} must be 1 to {Longest} printable ASCII characters"));
        }

        var request = $"{context.Request.Method} {context.Request.Path.Value} {context.Request.QueryString.Value} {text}";
        return new IdempotencyKey(context.Caller().TokenId, key, SHA256.HashData(Encoding.UTF8.GetBytes(request)));
    }
}
