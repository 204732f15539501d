using Fabric.Hosting;
using Fabric.Storage;

namespace Fabric.Controller.Security;

/// <summary>Makes the first administrator's token where there is no token at all. Its secret is in a file and nowhere else.</summary>
public static class FirstToken
{
    /// <summary>Makes sure that somebody can log in.</summary>
    /// <returns>Whether a token was made.</returns>
    public static async Task<bool> EnsureAsync(FabricStore store, string path, CancellationToken cancellationToken)
    {
        if (!store.Tokens.All.IsEmpty)
        {
            return false;
        }

        // The file first: after a crash in between, a token in the file that the store does not know is replaced at the next
        // start, whereas a token in the store that nobody knows would lock everybody out.
        var secret = TokenSecret.Create();
        await PrivateFile.WriteAsync(path, secret + "\n", cancellationToken);
        await store.Tokens.CreateAsync(
            "first-admin", Role.Admin.Name(), TokenSecret.Hash(secret), null, new WriteOrigin("fabricd", Role.Admin.Name(), "first start", "start"), cancellationToken);
        return true;
    }
}
